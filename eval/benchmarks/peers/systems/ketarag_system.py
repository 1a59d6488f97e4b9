"""This program, through its public names."""

from protocol import serve


def ingest(folder, _model):
    from ketarag import Assistant, build_index

    summary = build_index(folder, folder / ".index")
    return Assistant.load(folder, folder / ".index"), summary.passages


def ask(assistant, question):
    answer = assistant.ask(question)
    return answer.text, answer.abstained, [citation.quote for citation in answer.citations]


def find(assistant, question):
    return [hit.passage.text for hit in assistant.retrieve(question, k=10)]


serve(ingest, ask, find)
