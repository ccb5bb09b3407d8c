"""The benchmark: the same facts through this pipeline and through what people would pick instead."""
