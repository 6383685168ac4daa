"""From a corpus as people hold it to pairs: readers, images, texts, the pair store."""
