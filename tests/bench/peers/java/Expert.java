package bench;

import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.processor.internals.InternalProcessorContext;

/** The same without serialising a page per fact. */
final class Expert implements Processor<String, Call, String, byte[]> {
    private LivePages pages;

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
        pages = context.getStateStore(Idiomatic.STORE);
        pages.publishBy(new Publisher((InternalProcessorContext<String, byte[]>) context));
    }

    @Override
    public void process(Record<String, Call> record) {
        Call call = record.value();
        Page page = pages.page(call.page());
        pages.touched(call.page(), page, page.accept(call.callId(), call.statement()));
    }
}
