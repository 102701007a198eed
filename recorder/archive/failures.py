"""What obstore raises, in our words."""

import re

from obstore import exceptions

from recorder.archive.port import StorageFailed

_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_QUERY = re.compile(r"\?\S*")
_STATUS = re.compile(r"status code: (\d{3})")
_METADATA_SERVICE = "169.254.169.254"
_LONGEST = 300
FAILURES = (exceptions.BaseError, NotImplementedError, ValueError, TimeoutError, FileNotFoundError)
"""What calls of obstore raise; all but the last are never a file that is missing."""


def storage_failed(error: BaseException) -> StorageFailed:
    """For logs and people: without queries (signatures), without pages of source."""
    text = str(error)
    match = _CODE.search(text)
    code = match.group(1) if match else ""
    if isinstance(error, TimeoutError):
        return StorageFailed("unreachable", "no answer in time")
    if _METADATA_SERVICE in text:
        return StorageFailed(
            "refused", "no credentials were given (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
        )
    if code == "NoSuchBucket" or isinstance(error, FileNotFoundError):
        return StorageFailed("missing", code or "there is no such bucket")
    detail = code or _QUERY.sub("", text.partition("\n")[0])[:_LONGEST]
    status = _STATUS.search(text)
    if status and status.group(1)[0] == "4" and status.group(1) not in ("408", "429"):
        return StorageFailed("refused", detail)
    if isinstance(error, exceptions.PermissionDeniedError | exceptions.UnauthenticatedError):
        return StorageFailed("refused", detail)
    if isinstance(error, exceptions.GenericError):
        return StorageFailed("unreachable", detail)
    return StorageFailed("refused", detail or type(error).__name__)
