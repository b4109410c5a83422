"""The provider methods, called as Pulumi calls them."""
