"""Ask time: condense -> retrieve -> fuse -> read -> compose -> verify -> cite. One file for each step."""
