"""The JSON of OpenAI's chat protocol, as far as it is spoken here.

What is not named here is ignored, as compatible servers do (temperature, max_tokens, seed, tools that need not be
called ...). What would change the shape of the answer and cannot be done is refused: the types say so.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from ketarag.web.schemas import Answer, Filter

MODEL = "ketarag"
"""The one model."""


class Part(BaseModel):
    """A part of a message. Text only: there is nothing that could look at a picture."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """Its text, parts joined by line breaks."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class StreamOptions(BaseModel):
    """What a stream holds beside the answer."""

    include_usage: bool | None = None


class ResponseFormat(BaseModel):
    """Only text: an answer is the source's own words, which no schema can be forced upon."""

    type: Literal["text"]


class ChatRequest(BaseModel):
    """A conversation whose last message is the user's question."""

    model: str = Field(examples=[MODEL])
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    response_format: ResponseFormat | None = None
    tool_choice: Literal["none", "auto"] | None = None
    within: Filter | None = Field(
        None, description="which documents may answer, all when left out: beside OpenAI's fields"
    )


class Usage(BaseModel):
    """Words and punctuation marks, counted: there is no tokenizer that an answer's price would hang on."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class Said(BaseModel):
    """The answer as a message: its text with markers, then the quotes with where they stand."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one answer."""

    index: Literal[0] = 0
    message: Said
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Completion(BaseModel):
    """A whole answer. `ketarag` is the structured one, with citations and offsets: a field beside OpenAI's."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="seconds since 1970")
    model: str
    choices: list[Choice]
    usage: Usage
    system_fingerprint: str
    ketarag: Answer


class Delta(BaseModel):
    """What is new."""

    role: Literal["assistant"] | None = None
    content: str | None = None


class ChunkChoice(BaseModel):
    """What is new of the one answer."""

    index: Literal[0] = 0
    delta: Delta
    finish_reason: Literal["stop"] | None = None
    logprobs: None = None


class Chunk(BaseModel):
    """A part of an answer. The one with `finish_reason` also holds `ketarag`, the structured answer."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    system_fingerprint: str | None = None
    ketarag: Answer | None = None


class Model(BaseModel):
    """A model that can be asked."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class Models(BaseModel):
    """The models that can be asked."""

    object: Literal["list"] = "list"
    data: list[Model]


class OpenAIError(BaseModel):
    """What went wrong; `code` is the type of error of the other routes of `/v1`."""

    message: str
    type: str
    param: str | None
    code: str


class OpenAIErrorBody(BaseModel):
    """An error in OpenAI's shape."""

    error: OpenAIError
