"""The one tree of errors. A message names the value, the cause and the cure.

KetaRAGError
├── QuestionError        a question that cannot be searched (empty, too long)
├── SettingsError        a setting or argument with a value that cannot work
├── CorpusError          a corpus folder, document or sidecar that cannot be read
├── IndexingError        an index that is missing, damaged, stale or in use
└── ModelError           a model that is missing, or whose files are not the pinned ones
"""


class KetaRAGError(Exception):
    """Base of everything that this library raises on purpose."""


class QuestionError(KetaRAGError):
    """The question cannot be searched as it is."""


class SettingsError(KetaRAGError):
    """A setting or an argument has a value that cannot work."""


class CorpusError(KetaRAGError):
    """A corpus folder, a document or its sidecar cannot be read."""


class IndexingError(KetaRAGError):
    """The index is missing, damaged, stale, or locked by another process."""


class ModelError(KetaRAGError):
    """A model is missing, or its files do not have the pinned hash."""
