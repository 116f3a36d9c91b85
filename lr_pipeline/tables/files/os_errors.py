"""What the operating system refuses, in words: the path, the reason and the remedy."""

import errno

REASONS = {
    errno.EACCES: ("permission denied", "Allow it, or name another place"),
    errno.EPERM: ("permission denied", "Allow it, or name another place"),
    errno.EROFS: ("nothing can be written there: it is read-only", "Name another place"),
    errno.ENOSPC: ("no space is left on the disk", "Free some, or name another disk"),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, or name another disk"),
    errno.ENOENT: ("no such file or folder", "Check the path"),
    errno.ENOTDIR: ("a part of the path is a file, no folder", "Check the path"),
    errno.EEXIST: ("a folder is expected, found a file", "Remove it, or name another place"),
    errno.EISDIR: ("a file is expected, found a folder", "Name a file in it"),
    errno.ELOOP: ("its links lead in a circle", "Name the file itself"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter one"),
    errno.EMFILE: ("too many files are open", "Close some, or raise the limit (ulimit -n)"),
}


def os_reason(error: OSError) -> tuple[str, str]:
    """Why, and what to do about it."""
    if error.errno in REASONS:
        return REASONS[error.errno]
    reason = " ".join((error.strerror or str(error) or type(error).__name__).split())
    return reason[:1].lower() + reason[1:].rstrip("."), "Check the place, or name another"


def os_message(error: OSError) -> str:
    """One line: the path where the error has one, the reason, the remedy."""
    reason, remedy = os_reason(error)
    place = "" if error.filename is None else f"{error.filename}: "
    return f"{place}{reason}. {remedy}."
