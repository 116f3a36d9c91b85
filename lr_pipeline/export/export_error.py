"""What makes an export impossible."""


class ExportError(ValueError):
    """A model cannot be exported in this form, or the export disagrees with the model."""
