"""The error of what starts and watches the processes."""


class ServiceError(ValueError):
    """The processes cannot be started, or are not healthy; the message says what to do."""
