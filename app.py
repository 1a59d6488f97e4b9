"""The web app: builds the index if it must, then serves the chat. `make run` starts this; it is `ketarag serve`.

    python app.py [--host 127.0.0.1] [--port 7860] [--corpus DIR] [--index DIR]

The environment says the same: KETARAG_HOST, KETARAG_PORT, KETARAG_CORPUS, KETARAG_INDEX. The page is in
`src/ketarag/web/`, the assistant behind it in `src/ketarag/assistant.py`.
"""

import sys

from ketarag.cli import main

if __name__ == "__main__":
    sys.exit(main(["serve", *sys.argv[1:]]))
