"""What tests need of every family of video models: small VAEs, expectations, recipes, families that are refused, a server."""
