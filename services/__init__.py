"""The independent services: one folder a box of the picture in docs/architecture.md. They never import each other."""
