# The IAM engine: who may do what.
iam-batch-open = the batch { $path } can't be opened
iam-batch-read = the batch can't be read to its end
iam-batch-unanswered =
    { $count ->
        [one] { $count } of { $all } lines could not be answered; its record says why
       *[other] { $count } of { $all } lines could not be answered; their records say why
    }
