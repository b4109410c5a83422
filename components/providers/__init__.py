"""The Pulumi resource providers: thin shells that read inputs, ask the stages below, and answer Pulumi.

The dotted names of the provider classes are stored in every user's Pulumi state (dill pickles them by reference), so
modules and classes here are never moved or renamed.
"""
