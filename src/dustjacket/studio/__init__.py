"""The Studio: titles in, genres and covers out, at once; models in a process of their own."""
