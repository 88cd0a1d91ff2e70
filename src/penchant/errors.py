"""Every failure penchant raises on purpose.

    PenchantError
    ├── InputError                  a value from the caller is not usable
    │   ├── InvalidDocument         ... a document
    │   ├── InvalidClick            ... a click
    │   ├── InvalidSettings         ... a setting
    │   ├── InvalidQuery            ... an argument of a question (recommend, score, search ...)
    │   ├── InvalidRow              ... a row of a file; names the file and the line
    │   ├── NoRepository            ... a path that should hold a git repository
    │   └── UnknownDocument         a document id that was never added, or was removed
    ├── EmbedderError               an embedder failed, or broke its contract
    │   ├── EmbedderMismatch        the state was built with another embedder
    │   └── EndpointError           a remote embedder did not answer usefully
    ├── LeakFound                   a protocol in the lab would let a method see the answer
    ├── MissingExtra                an optional package is not installed
    ├── PeerFailed                  a peer in the lab could not be installed, or did not end well
    ├── ServiceError                the client: the service refused a request, or did not answer
    ├── ServiceFailed               the service could not start
    ├── StateError                  the directory that holds the state
    │   ├── StateDamaged            ... cannot be read
    │   ├── StateFull               ... has no room left: nothing of the call was kept
    │   ├── StateLocked             ... is being written by another process
    │   ├── StateReadOnly           ... may not be written
    │   └── StateTooNew             ... was written by a newer penchant
    └── TowerError                  a trained tower is not usable: questions are answered without it
        ├── TowerDamaged            ... its file cannot be read
        └── TowerMismatch           ... it was trained on vectors of another embedder

Each message names the thing, its value and the remedy.
"""


class PenchantError(Exception):
    """The root of all errors raised by penchant."""


class InputError(PenchantError, ValueError):
    """A value from the caller is not usable; nothing was changed."""


class InvalidDocument(InputError):
    """A document is not usable."""


class InvalidClick(InputError):
    """A click is not usable."""


class InvalidSettings(InputError):
    """A setting has a value outside its range."""


class InvalidQuery(InputError):
    """An argument of a question is not usable."""


class InvalidRow(InputError):
    """A row of a file is not usable."""


class NoRepository(InputError):
    """A path is no git repository, or git is not installed."""


class UnknownDocument(InputError):
    """A document id was never added, or was removed."""


class EmbedderError(PenchantError):
    """An embedder failed, or broke its contract."""


class EmbedderMismatch(EmbedderError):
    """The state was built with another embedder than the one given."""


class EndpointError(EmbedderError):
    """A remote embedder did not answer usefully."""


class MissingExtra(PenchantError, ImportError):
    """An optional package is needed and not installed."""


class LeakFound(PenchantError):
    """A protocol in the lab would let a method see the answer; nothing was evaluated."""


class PeerFailed(PenchantError):
    """A peer in the lab could not be installed, or did not end well."""


class ServiceError(PenchantError):
    """The service refused a request, or did not answer; `status` is 0 where it did not answer."""

    def __init__(self, status: int, detail: str, retry_after: float = 0.0) -> None:
        super().__init__(f"{status}: {detail}" if status else detail)
        self.status = status
        self.detail = detail
        self.retry_after = retry_after


class ServiceFailed(PenchantError):
    """The service could not start."""


class StateError(PenchantError):
    """The directory that holds the state failed."""


class StateDamaged(StateError):
    """The state cannot be read."""


class StateFull(StateError):
    """The disk is full; nothing of the failed call was kept."""


class StateLocked(StateError):
    """Another process is writing this state."""


class StateReadOnly(StateError):
    """The state was opened, or is stored, read-only."""


class StateTooNew(StateError):
    """The state was written by a newer version of penchant."""


class TowerError(PenchantError):
    """A trained tower is not usable; questions are answered without it."""


class TowerDamaged(TowerError):
    """The file of a tower cannot be read."""


class TowerMismatch(TowerError):
    """A tower was trained on vectors of another embedder than the state's."""
