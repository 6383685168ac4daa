"""EmotionCLIP: video clips and what is said in them, with sentiment to weigh negatives by (CVPR 2023)."""

from pacl_core.methods.emotionclip.objective import sentiment_guided_loss

__all__ = ["sentiment_guided_loss"]
