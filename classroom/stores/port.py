"""What the stores offer. All times are milliseconds since the epoch, UTC, given by the caller."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from msgspec import Struct

from classroom.ids import SYSTEM, AccountId, ClassId, LessonId, ParticipantId, RecordingId
from classroom.lesson.events import AnyEvent, Recorded
from classroom.lesson.state import Phase
from classroom.people import Actor, Role


class StoreError(Exception):
    """Base of what stores raise on purpose."""


class Conflict(StoreError):
    """Somebody else wrote first: the log moved on, or the name is taken."""


class TooBusy(StoreError):
    """A bounded queue is full. Nothing was done; try again a little later."""


class Unavailable(StoreError):
    """The database failed or is gone. Whether a change was written is not known: read again."""


class Account(Struct, frozen=True):
    """``password_hash`` is an Argon2id PHC string. ``username`` is unique, compared casefolded and NFC."""

    id: AccountId
    username: str
    name: str
    role: Role
    password_hash: str
    disabled: bool = False


class SchoolClass(Struct, frozen=True):
    id: ClassId
    name: str


class Session(Struct, frozen=True):
    """``id`` is public (for lists and logs); the token itself is stored only as a SHA-256."""

    id: str
    account: AccountId
    opened_at: int
    seen_at: int


class LessonEntry(Struct, frozen=True):
    """One line of the directory of lessons, projected from the log in the same transaction."""

    id: LessonId
    class_id: ClassId
    class_name: str
    title: str
    teacher: AccountId
    teacher_name: str
    starts_at: int
    ends_at: int
    phase: Phase
    started_at: int | None
    ended_at: int | None
    replay_allowed: bool


FileRole = Literal["programme", "share", "still", "thumbnails", "text", "export"]
"""``thumbnails``: sheets of small pictures and their index; ``text``: what can be read on the stills."""


class RecordingFileEntry(Struct, frozen=True):
    """``start``, ``duration``: ms of recording time. ``sha256``: hexadecimal; empty until it is known."""

    name: str
    role: FileRole
    mime_type: str
    start: int
    duration: int
    bytes: int
    share: str = ""
    participant: str = ""
    source: str = ""
    sha256: str = ""


class RecordingEntry(Struct, frozen=True):
    id: RecordingId
    lesson: LessonId
    started_at: int
    state: Literal["recording", "closing", "ready", "lost", "erasing"]
    duration: int = 0
    files: tuple[RecordingFileEntry, ...] = ()
    erased_by: str = ""
    erase_reason: str = ""
    """Of one that is being erased: nothing of it is given to anybody any more."""


class RecordingSummary(Struct, frozen=True):
    """What lists tell of a recording. ``bytes``: of all its files."""

    id: RecordingId
    lesson: LessonEntry
    started_at: int
    state: Literal["recording", "closing", "ready", "lost"]
    duration: int
    bytes: int


class RecordingView(Struct, frozen=True):
    recording: RecordingId
    account: AccountId
    name: str
    username: str
    at: int
    downloaded: bool
    what: str = ""
    """The file, or what else of the recording: ``originals``, ``live`` (while the lesson ran)."""


class Captions(Struct, frozen=True):
    """``language``: BCP 47. ``text``: WebVTT."""

    language: str
    text: str
    at: int


class RetentionRules(Struct, frozen=True):
    """For how many days recordings are kept; None: until somebody erases them. A class without a rule of
    its own follows the school's."""

    school: int | None = None
    classes: dict[ClassId, int | None] = {}


class Accounts(Protocol):
    async def add(
        self, username: str, name: str, role: Role, password_hash: str, classes: Sequence[ClassId] = ()
    ) -> AccountId:
        """Raises Conflict when the username is taken. For a parent, ``classes`` stays empty."""
        ...

    async def find(self, username: str) -> Account | None: ...

    async def get(self, account: AccountId) -> Account | None: ...

    async def set_password(self, account: AccountId, password_hash: str, now: int) -> None:
        """Also closes every session of the account; each is recorded as a sign-out."""
        ...

    async def actor(self, account: AccountId) -> Actor | None:
        """None when the account is gone or disabled."""
        ...

    async def roster(self, class_id: ClassId) -> tuple[Actor, ...]:
        """The students of a class in name order."""
        ...

    async def actors(self, accounts: Sequence[AccountId]) -> dict[AccountId, Actor]: ...

    async def rehash(self, account: AccountId, old: str, new: str) -> None:
        """The same password under newer parameters. Sessions stay; ignored if it was changed meanwhile."""
        ...

    async def set_disabled(self, account: AccountId, disabled: bool, now: int) -> None:
        """Disabling also closes every session of the account; each is recorded as a sign-out."""
        ...

    async def teachers(self, class_id: ClassId) -> tuple[Actor, ...]:
        """Who teaches a class, in name order."""
        ...

    async def link(self, parent: AccountId, child: AccountId) -> None:
        """Make a parent's account see a child's school day. Linking twice is one link."""
        ...

    async def children(self, parent: AccountId) -> tuple[Actor, ...]:
        """In name order."""
        ...


class Classes(Protocol):
    async def add(self, name: str) -> ClassId: ...
    async def all(self) -> tuple[SchoolClass, ...]: ...
    async def get(self, class_id: ClassId) -> SchoolClass | None: ...
    async def by_name(self, name: str) -> SchoolClass | None: ...


class SignIn(Struct, frozen=True):
    """One line of the record of sign-ins. ``username`` is what was typed; ``account`` None if unknown."""

    account: AccountId | None
    username: str
    at: int
    address: str
    agent: str
    what: Literal["in", "out", "refused"]
    reason: str


class Sessions(Protocol):
    async def open(self, account: AccountId, now: int, address: str, agent: str) -> tuple[str, Session]:
        """Returns (token for the cookie, session). The sign-in is recorded."""
        ...

    async def find(self, token: str, now: int) -> Session | None:
        """None when unknown, closed or expired (12 h unused, 7 d at most)."""
        ...

    async def close(self, token: str, now: int, reason: str) -> None:
        """The sign-out is recorded. Unknown tokens are ignored."""
        ...

    async def open_among(self, ids: Collection[str], now: int) -> frozenset[str]:
        """Which sessions, by ``Session.id``, are open: not closed, expired, or of a disabled account."""
        ...

    async def record_refusal(self, username: str, now: int, address: str, reason: str) -> None:
        """A refused sign-in, for the school's record. The oldest refusals are forgotten beyond a bound."""
        ...

    async def sign_ins(self, since: int = 0, limit: int = 1000) -> tuple[SignIn, ...]:
        """The record of sign-ins, sign-outs and refusals, newest first."""
        ...


class LessonLog(Protocol):
    async def append(
        self, lesson: LessonId, after: int, events: Sequence[AnyEvent], at: int
    ) -> tuple[Recorded, ...]:
        """Commits events behind seq ``after`` (0: an empty log). Raises Conflict if the log is elsewhere."""
        ...

    async def read(self, lesson: LessonId) -> tuple[Recorded, ...]: ...

    async def verify(self, lesson: LessonId) -> int | None:
        """None when the chain holds, else the first seq that does not."""
        ...

    async def erase(
        self, lesson: LessonId, participant: ParticipantId, at: int, by: ParticipantId = SYSTEM
    ) -> int:
        """Blank the personal fields of a participant's events; the chain still verifies. How many.

        Appends the receipt, ``PersonalDataErased``, if there were any. Raises Conflict while the lesson
        is live: its one writer holds the names in memory and owns the end of the log.
        """
        ...


class Lessons(Protocol):
    async def get(self, lesson: LessonId) -> LessonEntry | None: ...
    async def between(self, start: int, end: int) -> tuple[LessonEntry, ...]:
        """Lessons that overlap the time, and all live ones, by starts_at."""
        ...

    async def live(self) -> tuple[LessonEntry, ...]: ...


class Recordings(Protocol):
    async def put(self, entry: RecordingEntry) -> None:
        """Insert or replace, by id. What is being erased stays so: who has read it before brings nothing back."""
        ...

    async def put_files(self, recording: RecordingId, files: Sequence[RecordingFileEntry]) -> bool:
        """Add files, or replace those of the same name, whatever others do to the rest of the entry at the
        same time. False when there is no such recording."""
        ...

    async def remove_files(self, recording: RecordingId, names: Collection[str]) -> None: ...
    async def put_sums(self, recording: RecordingId, sums: Mapping[str, str]) -> None:
        """SHA-256 of files in the catalogue, by name; nothing else of the entry changes."""
        ...

    async def get(self, recording: RecordingId) -> RecordingEntry | None: ...
    async def all(self) -> tuple[RecordingEntry, ...]:
        """Newest first."""
        ...

    async def of_lesson(self, lesson: LessonId) -> tuple[RecordingEntry, ...]: ...
    async def summaries(self, lesson: LessonId | None = None) -> tuple[RecordingSummary, ...]:
        """Of all lessons, or of one; newest first, without what is being erased and what the directory of lessons
        does not know. Costs two queries, however many there are; files are summed up where they are stored."""
        ...

    async def counts(self, lessons: Collection[LessonId]) -> dict[LessonId, int]:
        """How many recordings each lesson has that are not being erased; one without any is left out."""
        ...

    async def viewed(
        self, recording: RecordingId, account: AccountId, at: int, downloaded: bool, what: str = ""
    ) -> None: ...
    async def views(self, recording: RecordingId) -> tuple[RecordingView, ...]: ...
    async def remove(self, recording: RecordingId) -> None:
        """With its files' names, captions, positions and views."""
        ...

    async def captions(self, recording: RecordingId) -> tuple[Captions, ...]:
        """By language."""
        ...

    async def put_captions(self, recording: RecordingId, captions: Captions) -> None: ...
    async def remove_captions(self, recording: RecordingId, language: str) -> None: ...
    async def position(self, recording: RecordingId, account: AccountId) -> int | None:
        """Where the account left off, in ms of recording time."""
        ...

    async def put_position(self, recording: RecordingId, account: AccountId, ms: int, at: int) -> None: ...
    async def retention(self) -> RetentionRules: ...
    async def put_retention(self, rules: RetentionRules) -> None: ...


class Stores(Protocol):
    """``school``: the school's name."""

    @property
    def school(self) -> str: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def classes(self) -> Classes: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def log(self) -> LessonLog: ...
    @property
    def lessons(self) -> Lessons: ...
    @property
    def recordings(self) -> Recordings: ...

    async def ready(self) -> bool:
        """Whether the database answers."""
        ...

    async def close(self) -> None: ...
