"""Transfer: heads fitted on one data set and tested on others. Was emotion learnt, or a data set?"""
