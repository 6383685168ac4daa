"""Vision transformers that attend to a marked person (EmotionCLIP, paper 3.3): SAP and SAAM."""
