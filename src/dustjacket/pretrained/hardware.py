"""Abilities of this machine's processor."""


def has_fast_bf16() -> bool:
    """Return whether the processor multiplies bf16 numbers in hardware; emulation is slow."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    names = ("amx_bf16", "avx512_bf16", "bf16")  # x86's, x86's, ARM's
    return any(capabilities.get(name) for name in names)
