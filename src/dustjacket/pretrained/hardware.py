"""What this machine's processor can do."""


def has_fast_bf16() -> bool:
    """Return whether products of bf16 numbers are quick here; elsewhere they are imitated."""
    import torch

    able = torch.cpu.get_capabilities()
    return any(able.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))  # x86's, ARM's
