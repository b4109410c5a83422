"""What is declared: services, pools, units, the catalogue. First stage of the pipeline.

Reads files and answers typed, frozen data plus every fault it met. Nothing here judges how fields go together
(that is ``rules``), places anything, or asks the clock, chance or the environment.
"""
