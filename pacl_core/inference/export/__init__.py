"""A saved model in other formats: ONNX, and a folder for the Hugging Face Hub."""
