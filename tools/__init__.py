"""What a checkout needs around the program: setup, the Pulumi toolchain, lifting dead locks.

Nothing here is imported by ``components`` or ``policies``.
"""
