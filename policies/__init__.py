"""The policy pack: ``pulumi preview --policy-pack policies``. Sees only ``spec`` and ``rules``."""
