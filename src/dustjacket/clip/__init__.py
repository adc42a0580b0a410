"""CLIP on book covers and prompts: fine-tuning, embedding, matching.

In come labelled covers (``covers``, ``genres``) and the starting weights of an open_clip model;
out go model folders that open_clip reads, and embeddings of covers and texts for ``retrieval``,
``evaluation`` and the Studio. In training, :mod:`.finetune` (the step) starts processes
(:mod:`.process`) through :mod:`.distribute`; each calls :func:`.train.fit`. May import ``covers``,
``genres`` and ``catalog``, and everything below them.
"""
