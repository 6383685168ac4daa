"""Models, each named once by `{kind, name, weights}`: backbones, text encoders, image-text scorers, ANPs."""
