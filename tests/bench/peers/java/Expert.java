package bench;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** The same without serialising a page per fact. */
final class Expert implements Processor<String, Call, String, byte[]> {
    private final Map<String, Page> touched = new LinkedHashMap<>();
    private ProcessorContext<String, byte[]> context;
    private LivePages pages;

    @Override
    public void init(ProcessorContext<String, byte[]> context) {
        this.context = context;
        pages = context.getStateStore(Idiomatic.STORE);
        context.schedule(Duration.ofMillis(Main.EVERY_MS), PunctuationType.WALL_CLOCK_TIME, this::publish);
    }

    @Override
    public void process(Record<String, Call> record) {
        Call call = record.value();
        Page page = pages.page(call.page());
        if (page.accept(call.callId(), call.statement())) {
            pages.changed(call.page(), page);
        }
        touched.put(call.page(), page);
    }

    private void publish(long now) {
        touched.forEach((key, page) -> context.forward(new Record<>(key, page.record(), now)));
        touched.clear();
    }
}
