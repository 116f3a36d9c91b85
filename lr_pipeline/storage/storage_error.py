"""The exception of this package: an artifact cannot be stored, found or trusted."""


class ArtifactError(Exception):
    """An artifact cannot be written, is missing, or is not what was recorded.

    The message names the asset or the path, what was expected and found, and the remedy.
    """
