"""Random changes with the real command line: is what comes of each what its preview said, card by card?"""
