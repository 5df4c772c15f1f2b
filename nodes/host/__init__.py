"""The only room that knows the host: versions, sockets, checks, progress, model folders."""
