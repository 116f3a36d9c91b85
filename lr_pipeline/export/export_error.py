"""What makes an export impossible."""


class ExportError(ValueError):
    """A model cannot be exported so, or the export disagrees with the model."""
