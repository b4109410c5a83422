"""The Pulumi command line where no package of it can be downloaded.

``go.mod`` pins the CLI that setup builds; ``language_host`` replaces the part of it that is not served as a
Go module. An official installation brings its own language host, and then nothing of this is used.
"""
