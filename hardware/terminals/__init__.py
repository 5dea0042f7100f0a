"""Payment terminals: asked for money, and asked again when nobody knows."""
