"""A saved model in other people's forms: ONNX, and a folder as the Hugging Face Hub holds models."""
