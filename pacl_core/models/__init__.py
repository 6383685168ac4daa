"""Models, each named by `{kind, name, weights}`: backbones, text encoders, image-text scorers, ANPs."""
