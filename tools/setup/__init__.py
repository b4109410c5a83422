"""``python3 -m tools.setup`` brings a checkout to where ``make up`` works, and changes nothing where it does.

Runs before there is a virtual environment, so it uses the standard library only. Steps, in order: the virtual
environment, the Pulumi CLI, the folder that puts both together, ``.env.sh``, the stack.
"""
