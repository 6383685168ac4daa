"""From a corpus as people hold it to pairs: readers, pictures, texts, the pair store."""
