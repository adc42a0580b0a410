"""Predict a book's genre from its title and author: choose a classifier, publish it, label covers."""
