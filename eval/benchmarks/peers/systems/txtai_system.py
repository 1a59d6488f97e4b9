"""txtai: its text splitting by paragraphs and its embeddings database with content. Without a chat model the answer is the first piece."""

from protocol import first, serve, texts


def ingest(folder, model):
    from txtai import Embeddings
    from txtai.pipeline import Segmentation

    split = Segmentation(paragraphs=True)
    pieces = [piece for text in texts(folder) for piece in split(text) if piece.strip()]
    database = Embeddings(path=model, content=True)
    database.index(pieces)
    return database, len(pieces)


def ask(database, question):
    return first([row["text"] for row in database.search(question, 4)])


def find(database, question):
    return [row["text"] for row in database.search(question, 10)]


serve(ingest, ask, find)
