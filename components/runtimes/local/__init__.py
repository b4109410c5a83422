"""Runtime ``local``: instances are processes of this machine, kept by one supervisord per project.

In reading order: ``settings`` and ``wish`` say what is wanted, ``command`` what is run, ``environment`` and ``launch``
write it down, ``ports`` gives it a port, ``daemon`` keeps it, ``processes`` and ``probe`` look at it, ``observing``
says what that means, ``runtime`` is the port that all others see. ``janitor`` runs under supervisord and bounds logs.
"""
