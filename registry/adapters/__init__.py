"""Other programs that de-identify, with the registry's replacements for theirs.

Nothing of the registry imports these modules, and each needs the package that it is for.
"""
