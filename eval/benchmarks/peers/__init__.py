"""What a user would pick instead, beside this program: the same files, embedding model and questions, each in its own environment.

`systems/` are small programs over one library each, as its own beginner's guide has it; `talk` starts one and measures it from outside;
`figures` says what its answers are worth. Nothing in `systems/` imports this project, nor this project anything of theirs.
"""
