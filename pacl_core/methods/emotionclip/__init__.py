"""EmotionCLIP: video clips and what is said in them (Zhang, Pan, Wang, CVPR 2023)."""
