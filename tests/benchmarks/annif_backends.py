"""Annif's backends on one corpus; run by the Python of an environment that has Annif.

Usage: ``annif_backends.py FOLDER``, with ``vocabulary.csv``, ``train.tsv`` and ``test.tsv`` in its
formats. Writes ``<backend>.json``: for each test text, pairs of subject and score.

NLTK's word tokenizer is used without its sentence splitter, whose data Annif would download.
"""

import json
import os
import sys
from pathlib import Path

BACKENDS = {
    "tfidf": "",
    "mllm": "",
    "omikuji-parabel": "cluster_balanced=True\ncluster_k=2\nmax_depth=20",
    "omikuji-bonsai": "cluster_balanced=False\ncluster_k=100\nmax_depth=3",
}
_PROJECT = """[{name}]
name={name}
language=en
backend={backend}
analyzer=snowball(english)
vocab=subjects
limit=100
min_df=1
{more}
"""


def main():
    """Train each backend on the training texts, and rank subjects for the test texts."""
    import nltk.data
    import nltk.tokenize

    nltk.data.find = lambda *_: None
    nltk.tokenize.word_tokenize = nltk.tokenize.NLTKWordTokenizer().tokenize
    nltk.tokenize.sent_tokenize = lambda text: [text]
    folder = Path(sys.argv[1])
    os.chdir(folder)
    Path("projects.cfg").write_text(
        "\n".join(
            _PROJECT.format(name=name, backend=name.partition("-")[0], more=more)
            for name, more in BACKENDS.items()
        )
    )
    import annif.cli
    import annif.registry
    from annif.corpus import Document

    def command(*given):
        annif.cli.cli.main([*given], standalone_mode=False)

    command("load-vocab", "--force", "subjects", "vocabulary.csv")
    texts = [line.split("\t")[0] for line in Path("test.tsv").read_text().splitlines()]
    for name in BACKENDS:
        command("train", name, "train.tsv")
        app = annif.create_flask_app()
        with app.app_context():
            project = annif.registry.get_project(name)
            found = [
                [
                    (project.subjects[each.subject_id].uri, float(each.score))
                    for each in project.suggest([Document(text=text)])[0]
                ]
                for text in texts
            ]
        Path(f"{name}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main()
