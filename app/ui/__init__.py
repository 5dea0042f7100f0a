"""The window: Qt widgets that paint view states and send intents. Nothing here computes money."""
