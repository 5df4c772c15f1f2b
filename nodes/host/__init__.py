"""The pack's contact with the host's versions: sockets, checks, progress, reports and model folders."""
