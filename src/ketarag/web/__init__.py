"""The browser's face: Gradio for the page, FastAPI around it. The only place that imports either."""
