"""The one tree of errors. A message names the value, the cause and the cure.

KetaRAGError
├── QuestionError        a question that cannot be searched (empty, too long)
├── SettingsError        a setting or argument with a value that cannot work
├── CorpusError          a corpus folder, document or sidecar that cannot be read
├── IndexingError        an index that is missing, damaged, stale or in use
├── ModelError           a model that is missing, or whose files are not the pinned ones
├── StoreError           a vector store on another machine that cannot be reached or refuses us
└── ChatModelError       a chat model that does not answer (down, refused, over budget, too slow)
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


class ChatModelError(KetaRAGError):
    """A chat model cannot be reached, refuses the request, exceeds its budget, or takes too long."""


class StoreError(KetaRAGError):
    """A vector store outside this process cannot be reached, refuses us, or holds something else."""
